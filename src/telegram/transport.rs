//! One call of the Bot API, with a bound on its answer.
//!
//! teloxide makes the requests and knows what their answers mean. It could also send them, but then it holds an answer
//! of any length, and waits ten seconds over every server error. So the calls are made here.

use std::{io, sync::Arc};

use serde::{Deserialize, Serialize, de::DeserializeOwned, de::IgnoredAny};
use teloxide::{
    ApiError, Bot, RequestError,
    requests::{HasPayload, Payload},
    types::ResponseParameters,
};

/// The longest answer, in bytes. [`MOST`] messages of 4,096 characters with what they reply to are half of it.
pub(super) const LONGEST: usize = 4 * 1024 * 1024;
/// The most results in one answer: each of them, however short, takes a kilobyte once it has been read.
pub(super) const MOST: u8 = 25;

/// An answer that brings what was wanted.
#[derive(Deserialize)]
struct Good<T> {
    ok: bool,
    result: T,
}

/// An answer that says no.
#[derive(Deserialize)]
struct Bad {
    ok: bool,
    description: ApiError,
    parameters: Option<ResponseParameters>,
}

/// Sends a request once, and reads at most [`LONGEST`] bytes of its answer.
pub(super) async fn call<R>(bot: &Bot, request: R) -> Result<<R::Payload as Payload>::Output, RequestError>
where
    R: HasPayload,
    R::Payload: Serialize,
    <R::Payload as Payload>::Output: DeserializeOwned,
{
    let mut url = bot.api_url();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(&format!("bot{}", bot.token())).push(R::Payload::NAME);
    }
    let mut answer = bot.client().post(url).json(request.payload_ref()).send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > LONGEST {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    read(&body)
}

fn too_long() -> RequestError {
    RequestError::Io(Arc::new(io::ErrorKind::FileTooLarge.into()))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, RequestError> {
    let rows = serde_json::from_slice::<Good<Vec<IgnoredAny>>>(body);
    if rows.is_ok_and(|rows| rows.result.len() > usize::from(MOST)) {
        return Err(too_long());
    }
    let error = match serde_json::from_slice::<Good<T>>(body) {
        Ok(Good { ok: true, result }) => return Ok(result),
        Ok(Good { ok: false, .. }) => serde::de::Error::custom("a result that is not ok"),
        Err(error) => error,
    };
    match serde_json::from_slice::<Bad>(body) {
        Ok(Bad { ok: false, parameters: Some(ResponseParameters::RetryAfter(wait)), .. }) => {
            Err(RequestError::RetryAfter(wait))
        }
        Ok(Bad { ok: false, parameters: Some(ResponseParameters::MigrateToChatId(to)), .. }) => {
            Err(RequestError::MigrateToChatId(to))
        }
        Ok(Bad { ok: false, description, .. }) => Err(RequestError::Api(description)),
        _ => {
            let raw = String::from_utf8_lossy(body).into_owned().into_boxed_str();
            Err(RequestError::InvalidJson { source: Arc::new(error), raw })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use keeper_domain::{
        alert::SendError,
        chat::talk::{Bubble, Chat, MessageId, PollError},
        ports::Messenger,
    };
    use secrecy::SecretString;
    use teloxide::types::Update;

    use super::*;
    use crate::telegram::{CheckupError, TelegramChat, TelegramMessenger, TelegramSettings, checkup};

    /// A Bot API whose answers never end; counts what was taken of the longest one.
    fn endless() -> (TelegramSettings, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let longest = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&longest);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, seen) = (stream.unwrap(), Arc::clone(&seen));
                std::thread::spawn(move || {
                    let _head = stream.read(&mut [0; 8_192]);
                    let start = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"ok\":true,\"result\":\"";
                    let mut sent = 0;
                    let mut next: &[u8] = start;
                    while stream.write_all(next).is_ok() {
                        sent += next.len();
                        seen.fetch_max(sent, Ordering::SeqCst);
                        next = &[b'x'; 65_536];
                    }
                });
            }
        });
        let bot_token = SecretString::from("1:a");
        (TelegramSettings { bot_token, chat_id: 42, allowed_users: vec![], api_url: url }, longest)
    }

    #[tokio::test]
    async fn no_answer_is_read_without_end() {
        let (settings, longest) = endless();
        let (chat, messenger) =
            (TelegramChat::new(&settings).unwrap(), TelegramMessenger::new(&settings).unwrap());
        let (bubble, id) = (Bubble { text: "x".into(), ..Bubble::default() }, MessageId(1));
        let told = "the answer is too long";
        let sends = [
            chat.say(42, &bubble).await.unwrap_err(),
            chat.edit(42, id, &bubble).await.unwrap_err(),
            chat.delete(42, id).await.unwrap_err(),
            chat.answer("1", "x", false).await.unwrap_err(),
            chat.register(&[("status", "x")]).await.unwrap_err(),
            messenger
                .send(&crate::telegram::tests::alert(keeper_domain::alert::Severity::Info))
                .await
                .unwrap_err(),
        ];
        for error in sends {
            assert_eq!(error, SendError::Unreachable(told.into()));
        }
        for poll in [chat.updates(0).await, chat.pending(0).await] {
            assert_eq!(poll.unwrap_err(), PollError::Failed(told.into()));
        }
        assert_eq!(chat.name().await, None);
        let checked = checkup(&settings, Duration::from_secs(60)).await;
        assert_eq!(checked.bot, Err(CheckupError::Silent(told.into())));
        assert_eq!(checked.chat, Err(CheckupError::Silent(told.into())));
        // What the sockets on both sides hold is not read.
        let longest = longest.load(Ordering::SeqCst);
        assert!((LONGEST..LONGEST + 16 * 1024 * 1024).contains(&longest), "{longest} bytes were sent");
    }

    #[test]
    fn more_results_than_were_asked_for_are_not_read() {
        let rows = |count: usize| {
            let row = r#"{"update_id":1}"#;
            let rows = vec![row; count].join(",");
            read::<Vec<Update>>(format!(r#"{{"ok":true,"result":[{rows}]}}"#).as_bytes())
        };
        assert_eq!(rows(usize::from(MOST)).unwrap().len(), usize::from(MOST));
        assert!(matches!(rows(usize::from(MOST) + 1), Err(RequestError::Io(_))));
    }
}
