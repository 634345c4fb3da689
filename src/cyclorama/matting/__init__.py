"""Clip to matte: takes the actor off a green or blue screen, or off ordinary footage with a given matte."""
