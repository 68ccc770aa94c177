//! A panic on demand, to show and to test that nothing is lost by one.

use actix::Message;

/// Makes the actor panic in its handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Crash;

/// Gives an actor a handler for [`Crash`]; without the feature `chaos` it gives nothing.
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
    };
}
