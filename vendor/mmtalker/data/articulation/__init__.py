"""From phones with times to the motion of a mouth: general phonetics, fitted to whoever was filmed.

Gestures say what phones of any language ask of a mouth (``gestures``); a linear model says how a filmed
speaker moves for them (``model``); a few demands hold for everybody (``demands``). Only articulatory features
go in, no names, so phones that nobody was filmed with are treated as their kin.
"""

from mmtalker.data.articulation.model import ArticulationModel, Example, fit_articulation
from mmtalker.data.articulation.unfilmed import animate_unfilmed

__all__ = ["ArticulationModel", "Example", "animate_unfilmed", "fit_articulation"]
