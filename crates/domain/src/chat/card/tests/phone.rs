//! A chat for the card.

use super::*;

/// A chat that shows what it is told, and dies where it is told.
#[derive(Default)]
pub(super) struct Phone {
    pub(super) messages: Vec<(MessageId, Option<Bubble>)>,
    pub(super) shown: Option<Bubble>,
    pub(super) said: Vec<Bubble>,
}

impl Phone {
    pub(super) fn say(&mut self, bubble: &Bubble) -> MessageId {
        let id = MessageId(self.messages.len() as i32 + 1);
        self.messages.push((id, Some(bubble.clone())));
        self.said.push(bubble.clone());
        id
    }

    pub(super) fn carry_out(&mut self, step: &CardAction) -> Option<MessageId> {
        match step {
            CardAction::Open(bubble) | CardAction::Tell(bubble) | CardAction::Remind(bubble, ..) => {
                return Some(self.say(bubble));
            }
            CardAction::Refresh(id, bubble) | CardAction::Close(id, bubble) => {
                self.put(*id, Some(bubble.clone()));
            }
            CardAction::Tidy(id) => self.put(*id, None),
        }
        None
    }

    pub(super) fn put(&mut self, id: MessageId, bubble: Option<Bubble>) {
        self.messages.iter_mut().find(|(known, _)| *known == id).unwrap().1 = bubble;
    }

    /// Steps until there is nothing to do.
    pub(super) fn settle(&mut self, card: &mut Card, seen: &Seen) {
        for _ in 0..20 {
            let (planned, step) = card.plan(seen, self.shown.as_ref());
            *card = planned;
            let Some(step) = step else { return };
            let said = self.carry_out(&step);
            self.learn(&step);
            *card = card.after(&step, said, seen);
            assert!(self.links() <= 1, "two open cards");
        }
        panic!("it never settles: {card:?}");
    }

    pub(super) fn learn(&mut self, step: &CardAction) {
        match step {
            CardAction::Refresh(_, bubble) => self.shown = Some(bubble.clone()),
            CardAction::Open(_) | CardAction::Close(..) => self.shown = None,
            CardAction::Tell(_) | CardAction::Remind(..) | CardAction::Tidy(_) => {}
        }
    }

    pub(super) fn texts(&self) -> Vec<&str> {
        self.messages.iter().filter_map(|(_, bubble)| Some(bubble.as_ref()?.text.as_str())).collect()
    }

    pub(super) fn links(&self) -> usize {
        let has_link =
            |bubble: &Bubble| bubble.buttons.iter().flatten().any(|b| matches!(b, Button::Link { .. }));
        self.messages
            .iter()
            .filter(|(_, bubble)| {
                bubble.as_ref().is_some_and(|bubble| bubble.reply_to.is_none() && has_link(bubble))
            })
            .count()
    }
}
