"""Many radio stations on loopback, and what the daemon that hears them all takes of the machine. `tools/stations` puts it together."""
