//! The server over real sockets: a real hub, real WebSocket clients, made-up events.
//! Touch the parts under `tests/server/`; `world` starts what they need.

#[path = "support/certificates.rs"]
mod certificates;
#[path = "server/changes.rs"]
mod changes;
#[path = "server/cors.rs"]
mod cors;
#[path = "server/cursors.rs"]
mod cursors;
#[path = "server/event_stream.rs"]
mod event_stream;
#[path = "server/events.rs"]
mod events;
#[path = "server/followers.rs"]
mod followers;
#[path = "server/limits.rs"]
mod limits;
#[path = "server/listen.rs"]
mod listen;
#[path = "server/manners.rs"]
mod manners;
#[path = "server/models.rs"]
mod models;
#[path = "server/page.rs"]
mod page;
#[path = "server/past.rs"]
mod past;
#[path = "server/past_answers.rs"]
mod past_answers;
#[path = "server/present.rs"]
mod present;
#[path = "server/resume.rs"]
mod resume;
#[path = "server/sse.rs"]
mod sse;
#[path = "server/talk.rs"]
mod talk;
#[path = "server/tls.rs"]
mod tls;
#[path = "server/token.rs"]
mod token;
#[path = "server/turned_away.rs"]
mod turned_away;
#[path = "server/usage.rs"]
mod usage;
#[path = "server/world.rs"]
mod world;
