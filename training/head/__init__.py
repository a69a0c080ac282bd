"""The recurrent head over musicnn's embeddings: the default model."""
