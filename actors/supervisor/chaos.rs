//! Fault on demand, to show and to test that nothing is lost by it.

use actix::Message;

/// Makes the actor panic in its handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Crash;

/// Blocks the actor's thread for good, as an endless loop would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Block;

/// Gives an actor a handler for [`Crash`] and [`Block`]; without the feature `chaos` it gives nothing.
#[macro_export]
macro_rules! crashes_on_demand {
    ($actor:ty) => {
        #[cfg(any(test, feature = "chaos"))]
        impl actix::Handler<$crate::supervisor::chaos::Crash> for $actor {
            type Result = ();

            fn handle(&mut self, _: $crate::supervisor::chaos::Crash, _: &mut Self::Context) {
                panic!("a crash was asked for");
            }
        }

        #[cfg(any(test, feature = "chaos"))]
        impl actix::Handler<$crate::supervisor::chaos::Block> for $actor {
            type Result = ();

            fn handle(&mut self, _: $crate::supervisor::chaos::Block, _: &mut Self::Context) {
                std::thread::sleep(std::time::Duration::MAX);
            }
        }
    };
}
