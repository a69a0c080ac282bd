"""The gate that tells music, speech, both and noise apart: its sounds, its training and its model folder."""
