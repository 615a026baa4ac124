"""Corpora and heads that training reads."""
