"""Tests of mmtalker.data."""
