"""Tests of the corpus, its sources, phonetics and fits."""
