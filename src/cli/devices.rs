//! `genrecast devices`. Touch it when a microphone has more to tell.

use std::process::ExitCode;

use comfy_table::{Table, presets::UTF8_BORDERS_ONLY};

use super::exit::{Failure, Status};
use super::report::print;

pub(super) fn run(json: bool) -> Result<ExitCode, Failure> {
    let devices = genrecast::source::devices()?;
    if json {
        let json = serde_json::to_string(&devices).map_err(|error| Failure::new(Status::Other, error))?;
        return print(&(json + "\n"));
    }
    if devices.is_empty() {
        return print(
            "No microphone was found.\nPlug one in, start the sound server, or listen to a file: genrecast run --source file:PATH\n",
        );
    }
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header(["", "name", "id", "rate", "channels"]);
    for device in devices {
        table.add_row([
            if device.default { "default".into() } else { String::new() },
            device.name,
            device.id,
            format!("{} Hz", device.rate),
            device.channels.to_string(),
        ]);
    }
    print(&format!(
        "{table}\nUse one as a source: genrecast run --source 'mic:NAME' (a part of the name will do)\n"
    ))
}
