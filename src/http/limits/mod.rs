//! Bounds that keep the listener from taking what the keeper's own work needs: descriptors, memory, time.

pub(super) mod answer;
pub(super) mod body;
pub(super) mod connections;
pub mod descriptors;
pub(super) mod places;
