"""What tools/make-radio-hour and tools/score-radio-hour are made of: clips, the programme, and what is right in it."""
