"""Training, export and evaluation of the genre models that the daemon runs."""
