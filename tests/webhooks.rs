//! Webhooks: the real daemon posts to real servers, which take it, refuse it, are away, slow or endless.

#[path = "webhooks/delivery.rs"]
mod delivery;
#[path = "webhooks/receiver.rs"]
mod receiver;
mod support;
#[path = "webhooks/trouble.rs"]
mod trouble;
#[path = "broker/world.rs"]
mod world;
