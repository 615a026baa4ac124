"""Curves in time: channel names, resampling, blinks, silence."""
