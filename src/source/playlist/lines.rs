//! Playlists of lines: PLS and M3U. Touch it when one that people meet is not understood.

/// The values of `FileN` and `RefN`, by their number.
pub(super) fn pls(text: &str) -> Vec<String> {
    let mut entries: Vec<(u32, String)> = text.lines().filter_map(numbered).collect();
    // Equal numbers keep their order.
    entries.sort_by_key(|(number, _)| *number);
    entries.into_iter().map(|(_, value)| value).collect()
}

fn numbered(line: &str) -> Option<(u32, String)> {
    let (key, value) = line.split_once('=')?;
    let key = key.trim().to_ascii_lowercase();
    let number = key.strip_prefix("file").or_else(|| key.strip_prefix("ref"))?;
    let number = if number.is_empty() { 1 } else { number.parse().ok()? };
    Some((number, value.trim().to_owned()))
}

/// Every line that is no comment.
pub(super) fn m3u(text: &str) -> Vec<String> {
    // Old files end their lines with a bare carriage return.
    let lines = text.split(['\n', '\r']).map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}
