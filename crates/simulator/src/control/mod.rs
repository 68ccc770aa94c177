//! The control API: the methods of [`Simulator`](crate::Simulator) over HTTP, for a simulator in another process.
//! Neither faults nor outages apply to it. Bodies are JSON; every path is below `/control/`.
//!
//! | Call | Body or answer |
//! |---|---|
//! | `GET state`, `GET calls` | [`Snapshot`](crate::Snapshot), the call log |
//! | `POST faults`, `DELETE faults` | one [`FaultRule`](crate::FaultRule) or a list |
//! | `GET sockets` | [`SocketReport`](crate::SocketReport) |
//! | `POST sockets/fault` | `{id?, kind?, fault}`, `null` ends the fault; for open connections |
//! | `POST sockets/close` | `{id?, kind?, how?}`, see [`SocketEnd`](crate::SocketEnd) |
//! | `POST sockets/push` | `{topic, message}` to order sockets |
//! | `POST sockets/settings` | `{symbol_limit?, ack_every?}` |
//! | `POST prices` | `{symbol, price}` or a list in one step |
//! | `POST walk`, `POST walk/step` | `{every_ms, seed?}`, `null` stops it; `{steps}` |
//! | `POST tokens/mint`, `tokens/kill` | `{kind, issued_at?, client_id?}`; `{token?, kind?}` |
//! | `POST refresh`, `orders`, `outage`, `skew` | `{enabled, rotate?}`, `{restricted}`, `{service, on}`, `{seconds}` |
//! | `POST login`, `login/settings`, `redirect` | `{state, redirect_uri?, client_id?}`, `{instant?, otp?, refuse?, expire?}`, `{uri}` |
//! | `GET telegram/messages`, `heard`, `answers`; `POST telegram/updates` | the chats; [`UserAction`](crate::UserAction) |

mod actions;
mod bodies;
mod result;
mod routes;
mod sockets;

pub(crate) use routes::handle;
