"""musicnn (Pons and Serra 2019), a pretrained music tagger, taken over as the encoder of a model."""
