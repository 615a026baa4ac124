"""The figures of an evaluation: what each is called, over which points, in which unit, and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Better(StrEnum):
    """Which way a figure improves."""

    LESS = "less"
    MORE = "more"
    TRUTH = "as the truth"


class Variant(StrEnum):
    """Whether a figure is read on what a network says or on what is keyed in the end."""

    RAW = "raw"
    FINISHED = "finished"


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: its key in the JSON.
        title: in tables.
        unit: empty for a share or a correlation.
        points: the list that it is over.
        better: which way it improves.
        variant: of a system that has both, the one to read it on.
        meaning: a sentence with its formula.
    """

    name: str
    title: str
    unit: str
    points: str
    better: Better
    variant: Variant
    meaning: str


_LESS, _MORE, _TRUTH = Better.LESS, Better.MORE, Better.TRUTH
_RAW, _FINISHED = Variant.RAW, Variant.FINISHED

FIGURES: tuple[Figure, ...] = (
    Figure(
        "lve", "LVE (E_vl)", "m²", "lips", _LESS, _RAW,
        "largest squared distance over the lips, mean over all frames of all clips",
    ),
    Figure("lve_mm", "LVE, rooted", "mm", "lips", _LESS, _RAW, "square root of LVE"),
    Figure(
        "eve", "EVE (E_ve)", "m²", "eye_region", _LESS, _RAW,
        "the same over the eye region, blinks and all",
    ),
    Figure("eve_mm", "EVE, rooted", "mm", "eye_region", _LESS, _RAW, "square root of EVE"),
    Figure(
        "eve_open_mm", "EVE between blinks, rooted", "mm", "eye_region", _LESS, _RAW,
        "the same over the frames in which the true lids are less than a fifth shut",
    ),
    Figure(
        "mve_lips_mm", "MVE of the lips", "mm", "lips", _LESS, _RAW,
        "distance, mean over frames and points",
    ),
    Figure(
        "mve_mm", "MVE", "mm", "all compared lists", _LESS, _RAW,
        "distance, mean over frames and the points of all lists whose motion the source knows",
    ),
    Figure(
        "mod_mm", "MOD", "mm", "middle lip pairs", _LESS, _RAW,
        "absolute difference of the lip gap, mean over frames",
    ),
    Figure("gap_correlation", "lip gap, correlation", "", "middle lip pairs", _MORE, _RAW,
           "Pearson's, over all frames of a speaker, pauses included, mean over speakers"),
    Figure("gap_correlation_speech", "lip gap in speech, correlation", "", "middle lip pairs", _MORE, _RAW,
           "the same over the frames in which something sounds"),
    Figure("width_correlation", "mouth width, correlation", "", "corners", _MORE, _RAW, "the same"),
    Figure("jaw_correlation", "jaw, correlation", "", "jaw", _MORE, _RAW, "the same, of the way down"),
    Figure("gap_deviation_ratio", "lip gap, deviation over the film's", "", "middle lip pairs", _TRUTH, _RAW,
           "standard deviation over all frames of a speaker over the truth's, mean over speakers"),
    Figure("closed_together", "closed with the film", "", "middle lip pairs", _MORE, _RAW,
           "how often the gap is in its lowest fifth when the truth's is in its lowest tenth; 0.2 by chance"),
    Figure("short_pause_ratio", "short pauses: deviation over the film's", "", "middle lip pairs", _TRUTH,
           _FINISHED, "of the lip gap, in pauses shorter than 0.5 s between sounds, mean over speakers"),
    Figure("long_pause_ratio", "pauses over 1 s: deviation", "", "middle lip pairs", _LESS, _FINISHED,
           "of the lip gap from 0.6 s after speech to 0.6 s before it, over that in speech"),
    Figure("lag_ms", "lag, median", "ms", "middle lip pairs", _LESS, _RAW,
           "shift at which the lip gap correlates best, median over clips; positive is late"),
    Figure("lag_spread_ms", "lag, quartile distance", "ms", "middle lip pairs", _LESS, _RAW,
           "between the quarters of the clips"),
    Figure("mtm_ms", "MTM", "ms", "middle lip pairs", _LESS, _RAW,
           "time offset of the lip gap's extrema that warping of its derivative matches, mean"),
    Figure("slcc", "SLCC", "", "lips", _TRUTH, _RAW,
           "correlation of loudness and the lips' mean speed over pieces of 3 s"),
    Figure("closure_recall", "p b m: lips close, recall", "", "middle lip pairs", _MORE, _RAW,
           "phones at which the gap falls below 5 % of its 95th percentile, edges widened by 40 ms"),
    Figure("closure_precision", "p b m: lips close, precision", "", "middle lip pairs", _MORE, _RAW,
           "closed frames of speech that are at p b m, edges widened by 40 ms"),
    Figure("closures", "p b m: phones", "", "", _TRUTH, _RAW, "how many there are"),
    Figure("gap_range_mm", "lip gap, 95th percentile", "mm", "middle lip pairs", _TRUTH, _RAW, "in speech"),
    Figure("bite_mm", "f v: lower lip to teeth", "mm", "lower lip, upper teeth", _LESS, _RAW,
           "smallest distance in the phone, median"),
    Figure("bite_elsewhere_mm", "other sounds: lower lip to teeth", "mm", "lower lip, upper teeth", _TRUTH,
           _RAW, "the same at all sounds but f v p b m"),
    Figure("bite_nearer", "f v nearer than other sounds", "", "lower lip, upper teeth", _MORE, _RAW,
           "how often: 1 always, 0.5 by chance"),
    Figure("silence_ratio", "silence: deviation of the lip gap", "", "middle lip pairs", _LESS, _FINISHED,
           "standard deviation in silence (0.2 s from speech) over that in speech"),
    Figure("dynamics_mm2", "upper face dynamics", "mm²", "upper_face", _TRUTH, _FINISHED,
           "standard deviation of the squared displacement, mean over points, then over clips"),
    Figure("fdd_mm2", "FDD, signed", "mm²", "upper_face", _LESS, _FINISHED,
           "the truth's dynamics less the prediction's, mean over clips"),
    Figure("fdd_absolute_mm2", "FDD, absolute", "mm²", "upper_face", _LESS, _FINISHED,
           "mean of the absolute value of each clip's"),
    Figure("fdd_share", "FDD over the truth's dynamics", "", "upper_face", _LESS, _FINISHED,
           "absolute value of the signed one; a still face has 1"),
    Figure("blink_rate", "blinks", "1/min", "lid pairs", _TRUTH, _FINISHED,
           "times that the lids shut by more than half"),
    Figure("blink_ms", "blink length, median", "ms", "lid pairs", _TRUTH, _FINISHED,
           "time for which they are more than half shut"),
    Figure("blink_ms_spread", "blink length, quartile distance", "ms", "lid pairs", _TRUTH, _FINISHED, ""),
)  # fmt: skip

FIGURE = {figure.name: figure for figure in FIGURES}
"""A figure by its name."""
