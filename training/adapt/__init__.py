"""The default model's encoder taught to hear degraded sound as clean sound, at half the price; touch it with that recipe."""
