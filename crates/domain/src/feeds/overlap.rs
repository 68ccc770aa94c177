//! While a new order socket takes the place of an old one, both tell the same events. Each is told to bots once.

use std::collections::HashMap;

use super::connections::Generation;

/// Events of one overlap.
#[derive(Debug, Default)]
pub struct Overlap {
    /// The connections that are open.
    open: Vec<Generation>,
    heard: HashMap<String, HashMap<Generation, usize>>,
    told: HashMap<String, usize>,
}

impl Overlap {
    /// A connection is there; it has not subscribed yet.
    pub fn opened(&mut self, generation: Generation) {
        self.open.push(generation);
        if self.open.len() < 2 {
            self.heard.clear();
            self.told.clear();
        }
    }

    /// A connection has ended. What it told alone may still come from the other one.
    pub fn closed(&mut self, generation: Generation) {
        self.open.retain(|open| *open != generation);
        if let [only] = self.open[..] {
            let heard = &self.heard;
            self.told.retain(|text, told| heard[text].get(&only).copied().unwrap_or(0) < *told);
            let told = &self.told;
            self.heard.retain(|text, _| told.contains_key(text));
        }
    }

    /// Whether bots are to be told what this connection says.
    pub fn is_new(&mut self, generation: Generation, text: &str) -> bool {
        if self.open.len() < 2 && !self.told.contains_key(text) {
            return true;
        }
        let heard = self.heard.entry(text.to_owned()).or_default().entry(generation).or_default();
        *heard += 1;
        let told = self.told.entry(text.to_owned()).or_default();
        let is_new = *heard > *told;
        *told += usize::from(is_new);
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_tell_is_told_once_and_what_happens_twice_is_told_twice() {
        let mut overlap = Overlap::default();
        overlap.opened(1);
        assert!(overlap.is_new(1, "a") && overlap.is_new(1, "a"), "one connection is believed");
        overlap.opened(2);
        assert!(overlap.is_new(1, "b"));
        assert!(!overlap.is_new(2, "b"));
        assert!(overlap.is_new(2, "c"));
        assert!(!overlap.is_new(1, "c"));
        assert!(overlap.is_new(1, "b"), "the same again");
        overlap.is_new(1, "d");
        overlap.closed(1);
        assert!(!overlap.is_new(2, "d"), "told by the other one just before its end");
        assert!(overlap.is_new(2, "d") && overlap.is_new(2, "c"));
    }
}
