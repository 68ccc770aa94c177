//! The inbox, this chat, the real store and the simulator's phone together.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use keeper_actors::{
    chat::inbox::{InboxActor, InboxDeps},
    supervisor::{CrashSink, Tree},
};
use keeper_domain::{
    chat::{
        inbox::rules::Policy,
        talk::{Action, Control, Person, TalkTopic},
    },
    event::Death,
    restart_policy::Limits,
};
use secrecy::SecretString;
use simulator::{Simulator, UserAction};

use crate::telegram::chat::tests::{OWNER, chat, simulator, until};
use crate::{
    store::{SqliteStore, StateDir},
    wall_clock::WallClock,
};

const CODE: &str = "eyJ0eXAiOiJKV1Qi.eyJhdWQiOlsiZCJd.q7Nw_-x1Zy9A";

/// Does everything, and writes it down.
#[derive(Default)]
struct Willing(Mutex<Vec<String>>);

impl Willing {
    fn note(&self, what: String) -> String {
        self.0.lock().unwrap().push(what);
        "Done.".to_owned()
    }
}

#[async_trait]
impl Control for Willing {
    async fn tell(&self, topic: TalkTopic) -> String {
        self.note(format!("tell {topic:?}"))
    }

    async fn act(&self, action: Action, by: &Person) -> String {
        self.note(format!("{action:?} by {}", by.id))
    }

    async fn redeem(&self, _: SecretString, by: &Person) -> String {
        self.note(format!("redeem by {}", by.id))
    }

    async fn stranger(&self, user: i64) {
        self.note(format!("stranger {user}"));
    }

    async fn second_poller(&self) {}
}

struct Deaf;

impl CrashSink for Deaf {
    fn crashed(&self, _: &'static str, _: Death) {}
    fn restarted(&self, _: &'static str, _: u64) {}
    fn gave_up(&self, _: &'static str) {}
}

fn write(simulator: &Simulator, from: i64, text: &str) {
    simulator.act(&UserAction::Text { from, chat: None, text: text.into() }).unwrap();
}

/// What the phone shows now, newest last.
fn shown(simulator: &Simulator) -> Vec<String> {
    simulator.telegram_messages().into_iter().map(|message| message.text).collect()
}

#[actix_rt::test]
async fn a_halt_a_code_and_a_stranger_on_a_real_phone() {
    let (simulator, control) = (simulator(), Arc::new(Willing::default()));
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(&folder.path().join("state")).unwrap();
    let deps = InboxDeps {
        chat: Arc::new(chat(&simulator)),
        control: Arc::clone(&control) as Arc<dyn Control>,
        store: Arc::new(SqliteStore::open(&state).await.unwrap()),
        time: Arc::new(WallClock),
        policy: Policy { chat_id: OWNER, allowed_users: vec![OWNER] },
    };
    let tree = Tree::new(Limits::default(), Arc::new(Deaf));
    let _inbox = tree.supervise("inbox", InboxActor::new(deps));

    write(&simulator, OWNER, "/halt");
    until(|| shown(&simulator).iter().any(|text| text.starts_with("Halt trading?\nNothing is halted yet")))
        .await;
    let yes = simulator.telegram_messages()[0].buttons()[0].callback_data.clone().unwrap();
    simulator.press_button(OWNER, &yes).unwrap();
    until(|| shown(&simulator) == ["Halt trading?\nDone."]).await;
    assert!(simulator.telegram_messages()[0].buttons().is_empty());

    write(&simulator, OWNER, CODE);
    write(&simulator, 666, "/halt");
    until(|| control.0.lock().unwrap().len() == 3).await;
    until(|| shown(&simulator).len() == 2).await;
    assert_eq!(*control.0.lock().unwrap(), ["Halt { bot: None } by 42", "redeem by 42", "stranger 666"]);
    let heard = simulator.person_messages();
    let deleted: Vec<_> = heard.iter().map(|message| message.deleted).collect();
    assert_eq!(deleted, [false, true, false]);
    assert!(simulator.state().telegram_commands.as_array().is_some_and(|menu| menu.len() > 10));
    tree.shutdown().await;
}
