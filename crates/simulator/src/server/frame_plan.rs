//! What a fault does to one message of a WebSocket.

use std::time::Duration;

use crate::faults::Fault;

/// What happens to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FramePlan {
    /// It is sent after a wait.
    Send(Duration),
    /// It is sent, and the connection ends.
    SendAndEnd,
    /// The connection ends instead.
    End,
    /// It is not sent.
    Skip,
    /// Half of its frame is sent, and the connection is reset.
    Tear,
    /// It is sent with half of its payload.
    Shorten,
    /// Neither it nor anything after it is sent.
    Freeze,
}

/// The plan for the next message, when `sent` messages were sent since the fault began.
pub(super) fn frame_plan(fault: Option<&Fault>, sent: u64, is_data: bool) -> FramePlan {
    let normal = FramePlan::Send(Duration::ZERO);
    match fault {
        Some(Fault::Mute { after }) if sent >= *after && is_data => FramePlan::Skip,
        Some(Fault::HalfOpen { after }) if sent >= *after => FramePlan::Freeze,
        Some(Fault::TornFrame { after }) if sent >= *after => FramePlan::Tear,
        Some(Fault::ShortFrame { after }) if sent >= *after => FramePlan::Shorten,
        Some(Fault::SlowFrames { ms }) => FramePlan::Send(Duration::from_millis(*ms)),
        Some(Fault::Disconnect { after }) if sent >= *after => FramePlan::End,
        Some(Fault::Disconnect { after }) if sent + 1 == *after => FramePlan::SendAndEnd,
        _ => normal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_begins_after_its_number_of_messages() {
        let normal = FramePlan::Send(Duration::ZERO);
        let plans =
            |fault: Fault| (0..4).map(|sent| frame_plan(Some(&fault), sent, true)).collect::<Vec<_>>();
        assert_eq!(plans(Fault::Mute { after: 2 }), [normal, normal, FramePlan::Skip, FramePlan::Skip]);
        let ends = [normal, FramePlan::SendAndEnd, FramePlan::End, FramePlan::End];
        assert_eq!(plans(Fault::Disconnect { after: 2 }), ends);
        assert_eq!(frame_plan(Some(&Fault::Mute { after: 0 }), 5, false), normal, "replies go on");
        assert_eq!(frame_plan(None, 5, true), normal);
    }
}
