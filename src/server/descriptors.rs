//! How many connections the process may hold by what the system gives it: each is a file descriptor, and the models, the
//! history and the sources need some, too. Touch it when the rest of the daemon needs more of them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept for everything that is no connection.
const RESERVED: u64 = 256;

/// So many of `wanted` connections there is room for. The process's own limit is raised as far as that needs and the system
/// allows.
pub(super) fn room(wanted: usize) -> usize {
    let needed = (wanted as u64).saturating_add(RESERVED);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let mut limit = current;
    if let Some(now) = current.filter(|now| *now < needed) {
        let raised = maximum.map_or(needed, |most| most.min(needed)).max(now);
        if setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok() {
            limit = Some(raised);
        }
    }
    within(wanted, limit)
}

fn within(wanted: usize, limit: Option<u64>) -> usize {
    let Some(limit) = limit else { return wanted };
    // Where there are few of them, half are connections.
    let room = limit.saturating_sub(RESERVED).max(limit / 2);
    usize::try_from(room).unwrap_or(usize::MAX).min(wanted).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_always_left_for_the_rest() {
        assert_eq!(within(2048, None), 2048);
        assert_eq!(within(2048, Some(1 << 20)), 2048);
        assert_eq!(within(2048, Some(1024)), 768);
        assert_eq!(within(2048, Some(256)), 128);
        assert_eq!(within(10, Some(256)), 10);
        assert_eq!(within(10, Some(0)), 1);
    }

    #[test]
    fn the_limit_is_raised_where_it_may_be() {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        let wanted = 2000;
        let room = room(wanted);
        assert_eq!(room, within(wanted, maximum.or(Some(u64::MAX))));
    }
}
