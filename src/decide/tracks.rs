//! Titles bound to what was heard: the genre over a whole track. Touch it when a track is to be judged otherwise.

use super::Heard;

/// The track that a source announced last, and what was heard of it.
#[derive(Debug, Clone, Default)]
pub struct Tracks {
    playing: Option<Playing>,
    time_s: f64,
}

#[derive(Debug, Clone)]
struct Playing {
    title: String,
    since_s: f64,
    /// Sums of the probabilities, weighed by seconds.
    p: Vec<f64>,
    /// Seconds in which each label led.
    led_s: Vec<f64>,
    music_s: f64,
}

/// A track that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedTrack {
    /// As announced.
    pub title: String,
    /// Stream time at which it was announced.
    pub since_s: f64,
    /// Stream time at which it ended.
    pub end_s: f64,
    /// Its genre; `None` if no music of it was heard.
    pub genre: Option<Heaviest>,
}

/// The label with the highest mean probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heaviest {
    /// Its place among the labels.
    pub label: usize,
    /// That probability.
    pub p: f32,
    /// Part of the music in which it led.
    pub share: f32,
    /// Seconds of music heard.
    pub music_s: f64,
}

impl Tracks {
    /// The title that was announced last.
    pub fn title(&self) -> Option<&str> {
        self.playing.as_ref().map(|playing| playing.title.as_str())
    }

    /// Another title at stream time `at_s`, or none any more; gives the track that it ends. The same one again is no news.
    pub fn announce(&mut self, title: Option<String>, at_s: f64) -> Option<EndedTrack> {
        if title.as_deref() == self.title() {
            return None;
        }
        let begun = title.map(|title| Playing {
            title,
            since_s: at_s,
            p: Vec::new(),
            led_s: Vec::new(),
            music_s: 0.0,
        });
        std::mem::replace(&mut self.playing, begun).map(|playing| playing.ended(at_s))
    }

    /// Audio was lost and goes on at `at_s`.
    pub fn interrupted(&mut self, at_s: f64) {
        self.time_s = at_s;
    }

    /// Takes the probabilities of a window that ends at `end_s`; those within `lag_seconds` of the announcement still tell
    /// of what was before it.
    pub fn push(&mut self, p: &[f32], heard: Heard, end_s: f64, lag_seconds: f64) {
        let seconds = (end_s - self.time_s).max(0.0);
        self.time_s = end_s;
        let Some(playing) = &mut self.playing else { return };
        if !heard.is_music() || end_s - playing.since_s < lag_seconds {
            return;
        }
        playing.p.resize(p.len(), 0.0);
        playing.led_s.resize(p.len(), 0.0);
        playing.p.iter_mut().zip(p).for_each(|(sum, &p)| *sum += f64::from(p) * seconds);
        let leader = p.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        if let Some((leader, _)) = leader {
            playing.led_s[leader] += seconds;
        }
        playing.music_s += seconds;
    }
}

impl Playing {
    fn ended(self, end_s: f64) -> EndedTrack {
        let heaviest = self.p.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let genre = heaviest.filter(|_| self.music_s > 0.0).map(|(label, sum)| Heaviest {
            label,
            p: (sum / self.music_s) as f32,
            share: (self.led_s[label] / self.music_s) as f32,
            music_s: self.music_s,
        });
        EndedTrack { title: self.title, since_s: self.since_s, end_s, genre }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_has_the_genre_of_its_music() {
        let mut tracks = Tracks::default();
        tracks.push(&[1.0, 0.0], Heard::Signal, 1.0, 2.0);
        assert_eq!(tracks.announce(Some("a".into()), 1.0), None);
        assert_eq!(tracks.announce(Some("a".into()), 1.5), None, "told again");
        for second in 2..=12 {
            let p: &[f32] = if second < 8 { &[0.4, 0.6] } else { &[0.9, 0.1] };
            let heard = if second == 12 { Heard::Quiet } else { Heard::Signal };
            tracks.push(p, heard, f64::from(second), 2.0);
        }
        let ended = tracks.announce(Some("b".into()), 12.5).expect("a ended");
        assert_eq!((ended.title.as_str(), ended.since_s, ended.end_s), ("a", 1.0, 12.5));
        let genre = ended.genre.expect("music was heard");
        // Nine seconds count: 3 to 7 of the first kind, 8 to 11 of the second.
        assert_eq!((genre.label, genre.music_s), (0, 9.0));
        assert!((genre.p - 5.6 / 9.0).abs() < 1e-6, "{}", genre.p);
        assert!((genre.share - 4.0 / 9.0).abs() < 1e-6, "{}", genre.share);
        let silent = tracks.announce(None, 20.0).expect("b ended");
        assert_eq!((silent.genre, tracks.title()), (None, None));
    }
}
