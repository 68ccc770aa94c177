use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    guarded::WRITE_LIMIT,
    merit::{GRACE, least, out_of_turn},
    *,
};

fn client(n: u8) -> Option<Network> {
    Some(Network::of_client([203, 0, 113, n].into()))
}

fn closed(open: &[Known]) -> Option<u64> {
    out_of_turn(open, 256).or_else(|| least(open)).map(|(id, ..)| *id)
}

fn merit(is_busy: bool, is_trusted: bool, has_answered: bool, second: u64) -> Merit {
    let last_use = Duration::from_secs(second);
    Merit { is_busy, is_trusted, is_newcomer: false, has_answered, last_use, ..Merit::NEW }
}

/// Its answer is not taken since then.
fn untaken(id: u64, is_trusted: bool, since: u64) -> Known {
    let untaken_since = Some(Duration::from_secs(since));
    let merit = Merit { untaken_since, ..merit(false, is_trusted, true, since) };
    (id, client(1), merit.as_of(Duration::from_secs(100)))
}

#[test]
fn whoever_takes_no_answer_goes_first_with_a_key_or_without() {
    let newcomer = (0, client(2), merit(false, false, false, 100));
    let idle = (1, client(2), merit(false, false, true, 1));
    let bot = (2, client(2), merit(true, true, true, 1));
    let others = [newcomer, idle, bot];
    let with = |more: &[Known]| closed(&[&others, more].concat());
    assert_eq!(
        with(&[untaken(7, true, 98), untaken(8, true, 97)]),
        Some(8),
        "the one that has waited longest"
    );
    assert_eq!(
        with(&[untaken(7, true, 90), untaken(8, false, 98)]),
        Some(8),
        "of those without a key, if any"
    );
    let proxied = (9, None, untaken(9, true, 90).2);
    assert_eq!(with(&[proxied]), Some(9), "be it the only one of its client");
    assert_eq!(with(&[untaken(7, true, 100)]), Some(0), "a bot's network may be slow for a moment");
}

#[test]
fn where_a_crowd_takes_nothing_nobody_is_given_time() {
    let idle = (0, client(1), merit(false, false, true, 1));
    let takers_of_nothing = |count| (1..=count).map(|id| untaken(id, true, 100));
    let of = |count| closed(&takers_of_nothing(count).chain([idle]).collect::<Vec<_>>());
    assert_eq!((of(64), of(65)), (Some(0), Some(1)));
    let open: Vec<_> = takers_of_nothing(300).collect();
    assert_eq!(room(&open, 256), Room::Close(1), "and they need no reserve");
}

#[test]
fn the_one_with_the_least_merit_makes_room() {
    let stuck = (1, client(1), merit(false, false, false, 50));
    let newest = (2, client(1), merit(false, false, false, 99));
    let answered = (3, client(1), merit(false, false, true, 10));
    let bot = (4, client(1), merit(false, true, true, 1));
    let ordering = (5, client(1), merit(true, true, true, 0));
    assert_eq!(closed(&[newest, bot, stuck, ordering, answered]), Some(1), "the oldest without an answer");
    assert_eq!(closed(&[bot, ordering, answered]), Some(3));
    assert_eq!(closed(&[bot, ordering]), Some(4));
    assert_eq!(closed(&[ordering]), None, "nobody loses an answer that he waits for");
}

#[tokio::test(start_paused = true)]
async fn a_reader_who_takes_nothing_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _reader = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let (mut guarded, _) = Connections::new(1, vec![]).admit(stream).unwrap();
    let began = tokio::time::Instant::now();
    assert!(
        guarded.stream.nodelay().unwrap(),
        "a tick does not wait for the acknowledgement of the one before"
    );
    let error = loop {
        if let Err(error) = tokio::io::AsyncWriteExt::write_all(&mut guarded, &[b'x'; 65_536]).await {
            break error;
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(began.elapsed() >= WRITE_LIMIT);
}

#[tokio::test]
async fn what_an_answer_that_is_not_taken_holds_is_given_back() {
    use tokio::io::AsyncWriteExt;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connections = Connections::new(2, vec![]);
    let (mut clients, mut open) = (vec![], vec![]);
    for _ in 0..2 {
        clients.push(tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
        open.push(connections.admit(listener.accept().await.unwrap().0).unwrap().0);
    }
    open[0].write_all(b"taken").await.unwrap();
    assert!(!connections.relieve(), "nobody is stuck");
    let full = std::future::poll_fn(|cx| {
        while Pin::new(&mut open[1]).poll_write(cx, &[b'x'; 65_536]).is_ready() {}
        Poll::Ready(())
    });
    full.await;
    // Of two places one is a crowd.
    assert!(connections.relieve() && !connections.relieve(), "one goes");
    assert_eq!(open[1].write_all(b"x").await.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    open[0].write_all(b"taken").await.unwrap();
}

#[tokio::test]
async fn a_connection_that_says_no_more_hears_that_it_has_to_go() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut guarded, _) = Connections::new(1, vec![]).admit(listener.accept().await.unwrap().0).unwrap();
    client.write_all(b"?").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(guarded.read_to_end(&mut vec![]).await.unwrap(), 1);
    guarded.flush().await.unwrap();
    guarded.connection().close();
    assert!(guarded.flush().await.is_err());
}

#[tokio::test]
async fn whoever_takes_no_answers_gives_no_requests() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut reader = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let (mut guarded, _) = Connections::new(1, vec![]).admit(stream).unwrap();
    reader.write_all(b"GET").await.unwrap();
    let poll = |guarded: &mut Guarded, cx: &mut Context<'_>| {
        let mut space = [0; 8];
        let mut buffer = ReadBuf::new(&mut space);
        Pin::new(guarded).poll_read(cx, &mut buffer).is_ready()
    };
    let fill = |guarded: &mut Guarded, cx: &mut Context<'_>| {
        while Pin::new(&mut *guarded).poll_write(cx, &[b'x'; 65_536]).is_ready() {}
    };
    let read_while_blocked = std::future::poll_fn(|cx| {
        fill(&mut guarded, cx);
        Poll::Ready(poll(&mut guarded, cx))
    });
    assert!(!read_while_blocked.await);
    // Once something is taken, it goes on.
    let take = async { while reader.read(&mut [0; 65_536]).await.is_ok() {} };
    let go_on = std::future::poll_fn(|cx| match Pin::new(&mut guarded).poll_write(cx, b"x") {
        Poll::Ready(_) => Poll::Ready(poll(&mut guarded, cx)),
        Poll::Pending => Poll::Pending,
    });
    tokio::select! {
        () = take => panic!("the connection ended"),
        was_read = go_on => assert!(was_read),
    }
}

#[test]
fn a_newcomer_has_time_to_show_its_key() {
    let now = Duration::from_millis(100_200);
    let as_of = |(id, client, merit): (u64, Option<Network>, Merit)| (id, client, merit.as_of(now));
    let newcomer = (1, client(1), Merit { is_newcomer: true, ..merit(false, false, false, 100) });
    let flood = (2..9).map(|id| (id, client(1), merit(false, false, true, 90 + id)));
    let open: Vec<_> = flood.chain([newcomer]).map(as_of).collect();
    assert_eq!(closed(&open), Some(2), "the oldest of those that were answered, from the same address");
    let later = newcomer.2.as_of(now + GRACE);
    assert!(!later.has_answered && !later.is_newcomer, "and no more than that");
}

/// A health check among strangers from its own address, as behind one proxy or on one machine.
#[test]
fn who_has_not_been_heard_yet_goes_after_all_others_without_a_key() {
    let now = Duration::from_millis(100_900);
    let newcomer = (0, client(1), Merit { is_newcomer: true, ..merit(false, false, false, 100) });
    // All of them have come after it; they were answered, or have begun a request.
    let flood = |has_answered| {
        let one = Merit { last_use: now, ..merit(false, false, has_answered, 0) };
        (1..300).map(move |id| (id, client(1), one))
    };
    let as_of = |(id, client, merit): Known| (id, client, merit.as_of(now));
    for open in [flood(true).chain([newcomer]), flood(false).chain([newcomer])] {
        let open: Vec<_> = open.map(as_of).collect();
        assert!(closed(&open).is_some_and(|id| id != 0));
    }
    let bot = (1, client(1), merit(false, true, true, 1));
    assert_eq!(closed(&[bot, as_of(newcomer)]), Some(0), "a bot with the key goes last");
}

#[test]
fn where_nobody_else_can_go_some_more_come_in() {
    let newcomer = |id| (id, client(1), Merit { is_newcomer: true, ..merit(false, false, false, id) });
    let busy = |id| (id, client(1), merit(true, true, true, id));
    let idle = |id| (id, client(1), merit(false, false, true, id));
    let room_of = |open: &[Known]| room(open, 16);
    for full in [newcomer, busy] {
        let of = |count: u64| (0..count).map(full).collect::<Vec<_>>();
        assert_eq!(
            (room_of(&of(15)), room_of(&of(16)), room_of(&of(17))),
            (Room::Free, Room::Free, Room::Free)
        );
    }
    assert_eq!(room_of(&(0..18).map(newcomer).collect::<Vec<_>>()), Room::Close(0));
    assert_eq!(room_of(&(0..18).map(busy).collect::<Vec<_>>()), Room::None);
    let check = (0..17).map(busy).chain([newcomer(99)]).collect::<Vec<_>>();
    assert_eq!(room_of(&check), Room::Close(99), "only where there is no reserve left");
    let mixed: Vec<_> = (0..15).map(newcomer).chain([idle(20)]).collect();
    assert_eq!(room_of(&mixed), Room::Close(20));
}

#[test]
fn a_key_with_more_than_its_share_makes_room_before_everybody_else() {
    let of = |key, id, merit: Merit| (id, client(1), Merit { key: Some(key), ..merit });
    let reads = |second| Merit { only_reads: true, ..merit(true, true, true, second) };
    let newcomer = (900, client(1), Merit { is_newcomer: true, ..merit(false, false, false, 99) });
    let stranger = (901, client(1), merit(false, false, false, 1));
    let crowd = |count: u64| (1..=count).map(move |id| of(7, id, reads(50 + id)));
    let room_of = |open: Vec<Known>| room(&open, 16);
    let others = |count: u64| (100..100 + count).map(move |id| of(id, id, merit(true, true, true, 1)));
    assert_eq!(
        room_of(crowd(5).chain(others(9)).chain([newcomer, stranger]).collect()),
        Room::Close(1),
        "the read that was begun first, though there is a reserve and a stranger"
    );
    assert_eq!(
        room_of(crowd(4).chain(others(10)).chain([newcomer, stranger]).collect()),
        Room::Close(901),
        "a quarter is nobody's too much"
    );
    assert_eq!(room_of(crowd(5).chain(others(10)).collect()), Room::Free, "nor where there is room");
    let idle = of(7, 60, merit(false, true, true, 200));
    assert_eq!(
        room_of(crowd(5).chain(others(11)).chain([idle]).collect()),
        Room::Close(60),
        "an idle one before a read"
    );
    let untaken = of(7, 61, Merit { untaken_since: Some(Duration::from_secs(9)), ..reads(300) });
    assert_eq!(
        room_of(crowd(5).chain(others(10)).chain([idle, untaken]).collect()),
        Room::Close(61),
        "and before both one whose answer is not taken"
    );
    let orders = (1..=14).map(|id| of(7, id, merit(true, true, true, id)));
    assert_eq!(
        room_of(orders.clone().chain([newcomer, stranger]).collect()),
        Room::Close(901),
        "and never one that waits for an order"
    );
    let orders: Vec<_> = orders.chain((15..19).map(|id| of(7, id, merit(true, true, true, id)))).collect();
    assert_eq!(room(&orders, 16), Room::None);
}

#[test]
fn holders_of_the_key_who_all_ask_and_ask_keep_nobody_out() {
    let reads = |id| (id, client(1), Merit { only_reads: true, ..merit(true, true, true, id) });
    let orders = |id| (id, client(1), merit(true, true, true, id));
    let open: Vec<_> = (20..37).map(reads).chain([orders(1)]).collect();
    assert_eq!(room(&open[1..], 16), Room::Free, "while there is a reserve nobody goes");
    let login = (2, client(1), merit(true, false, false, 300));
    let open = [open, vec![login]].concat();
    assert_eq!(room(&open, 16), Room::Close(20), "and no order loses its answer, and no login");
    let untaken = (3, client(1), Merit { untaken_since: Some(Duration::from_secs(99)), ..reads(90).2 });
    let open = [open, vec![untaken]].concat();
    assert_eq!(room(&open, 16), Room::Close(3), "nor who takes the answer, while another one does not");
}

/// Anybody may ask what takes a while to be answered, as whether the keeper is ready.
#[test]
fn strangers_who_all_wait_for_answers_keep_nobody_out() {
    let waits = |id, at| (id, client(1), merit(true, false, true, at));
    let login = (0, client(1), merit(true, false, false, 1));
    let ordering = (99, client(1), merit(true, true, true, 200));
    let open: Vec<_> = (1..18).map(|id| waits(id, 10 + id)).chain([login, ordering]).collect();
    assert_eq!(room(&open, 16), Room::Close(17), "who waits longest goes last");
    assert_eq!(room(&open[..16], 16), Room::Free, "while there is a reserve nobody goes");
    let elsewhere = (100, client(2), merit(true, false, false, 300));
    let open: Vec<_> = open.into_iter().chain([elsewhere]).collect();
    assert_eq!(room(&open, 16), Room::Close(17), "and others are not pushed out by many");
}

#[tokio::test]
async fn whose_request_has_come_before_it_was_closed_is_answered() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connections = Connections::new(1, vec![]);
    let (mut clients, mut open) = (vec![], vec![]);
    for _ in 0..4 {
        clients.push(tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
        let (stream, _) = listener.accept().await.unwrap();
        if clients.len() == 1 {
            clients[0].write_all(b"GET /livez").await.unwrap();
        }
        open.push(connections.admit(stream).unwrap().0);
    }
    assert!(open[0].slot.state().is_closed && open[1].slot.state().is_closed, "the others have made them go");
    let (mut question, mut answer) = ([0; 10], [0; 2]);
    open[0].read_exact(&mut question).await.unwrap();
    open[0].write_all(b"ok").await.unwrap();
    clients[0].read_exact(&mut answer).await.unwrap();
    assert_eq!((&question, &answer), (b"GET /livez", b"ok"));
    assert!(open[1].read(&mut question).await.is_err(), "who has said nothing has gone");
    let one_more = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    connections.admit(listener.accept().await.unwrap().0).unwrap();
    assert!(open[0].read(&mut question).await.is_err(), "it has had its answer");
    drop(one_more);
}

#[test]
fn a_client_with_many_connections_makes_room_for_others() {
    let many = (0..5).map(|n| (n, client(1), merit(false, true, true, 90)));
    let single = (9, client(2), merit(false, false, false, 1));
    let open: Vec<_> = many.chain([single]).collect();
    assert_eq!(closed(&open), Some(0), "even if the single one has done nothing yet");
}

#[test]
fn whoever_comes_through_a_trusted_proxy_is_not_pushed_out_as_one_client() {
    let proxied = (0..5).map(|n| (n, None, merit(false, false, true, 90)));
    let silent = (5..9).map(|n| (n, client(n as u8), merit(false, false, false, n)));
    let open: Vec<_> = proxied.chain(silent).collect();
    assert_eq!(closed(&open), Some(5), "the oldest of the silent ones");
}

/// A standby has one address and asks for everybody who comes to it.
#[tokio::test]
async fn a_standbys_connection_is_that_of_whoever_asks_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Eight wait for answers, seven of them one client's; the last one is another's. One more comes in than there are places.
    let full = async |are_told: bool| {
        let connections = Connections::new(7, vec![]);
        let (mut clients, mut open, mut answering) = (vec![], vec![], vec![]);
        for nth in 0..8 {
            clients.push(tokio::net::TcpStream::connect(address).await.unwrap());
            let (guarded, _) = connections.admit(listener.accept().await.unwrap().0).unwrap();
            let connection = guarded.connection();
            if are_told {
                connection.asks_for(client(1 + nth / 7).unwrap());
            }
            answering.push(connection.answering(&Method::GET));
            open.push(guarded);
        }
        let room = connections.table().room();
        drop((clients, answering));
        (room, open[7].slot.id)
    };
    let (room, other) = full(false).await;
    assert_eq!(
        room,
        Room::Close(other),
        "as one client, the newest goes: another one than he who has so many"
    );
    let (room, other) = full(true).await;
    assert!(matches!(room, Room::Close(id) if id != other), "{room:?}");
}

#[tokio::test]
async fn what_one_has_shown_on_a_standbys_connection_is_not_the_next_ones() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _standby = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let connections = Connections::new(1, vec![]);
    let (guarded, _) = connections.admit(listener.accept().await.unwrap().0).unwrap();
    let (connection, shown) = (guarded.connection(), || guarded.slot.state().merit);
    connection.asks_for(client(1).unwrap());
    connection.trust(Some(&BotName::owner()));
    assert!(shown().is_trusted && shown().key.is_some());
    connection.asks_for(client(2).unwrap());
    assert!(!shown().is_trusted && shown().key.is_none(), "a stranger's");
    assert_eq!(guarded.slot.state().client, client(2));
}
