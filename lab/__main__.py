"""``python -m lab COMMAND``: make a corpus, train on it, and judge what came out."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from mmtalker.cli.exits import Exit, explain

COMMANDS = {
    "corpus": (
        "lab.corpus.command",
        "build or show a corpus, leave sources out, import a data set",
    ),
    "train": ("lab.training.train", "train the network on a corpus"),
    "train-mapping": ("lab.training.places", "train the networks that find a face on any mesh"),
    "evaluate": ("lab.evaluation.command", "how good a model is on a corpus's test clips"),
    "compare": ("lab.comparison.compare", "a model beside ridge, a small network and the field's decoders"),
    "ablations": ("lab.comparison.ablations", "the network without one part of the method at a time"),
    "card": ("lab.comparison.card", "write the tables of the model card from reports"),
    "mapping-test": ("lab.mapping_test.command", "how well heads are mapped that no training drew"),
    "contact-test": ("lab.contact_test.command", "whether lips meet and do not cross on any head"),
    "shape-transfer": ("lab.shape_transfer.command", "one head model's shapes on people of the other"),
    "gallery": ("lab.gallery.command", "draw ten heads that have nothing in common"),
    "canonical-head": ("lab.heads.export_canonical", "make the shipped canonical head"),
    "ict-table": ("lab.heads.register_ict", "make the table that knows ICT-FaceKit's heads"),
    "fit-report": ("lab.fitting.fit_report", "how well fitted curves repeat the filmed face"),
    "lip-lag": ("lab.fitting.lip_lag", "whether filmed lips are in time with their sound"),
    "upper-face-fit": ("lab.fitting.upper_face_fit", "what speech leaves unexplained in brows and lids"),
    "blink-statistics": ("lab.fitting.blink_statistics", "blinks of a filmed speaker in numbers"),
    "demo-clip": ("lab.sources.demo_clip", "speak the demo's clips by Kokoro"),
    "kokoro-texts": ("lab.sources.kokoro_texts", "write the sentences that Kokoro's voices say"),
    "alignment-report": ("lab.phonetics.alignment_report", "how well phones are found"),
}
"""Each command's module, which is imported when it is asked for, and what it does."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code.

    Args:
        argv: the arguments; those of the process by default.
    """
    name, *rest = [*(sys.argv[1:] if argv is None else argv)] or ["--help"]
    if name in ("-h", "--help"):
        print(usage())
        return Exit.OK
    if name not in COMMANDS:
        print(f"There is no command {name}.\n\n{usage()}", file=sys.stderr)
        return Exit.USAGE
    try:
        return int(import_module(COMMANDS[name][0]).main(rest))
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return Exit.INTERRUPTED
    except Exception as error:  # the last resort: a sentence and a code, whatever happened
        if os.environ.get("MMTALKER_DEBUG"):
            traceback.print_exc()
        status, sentence = explain(error)
        print(sentence, file=sys.stderr)
        return status


def usage() -> str:
    """Every command with what it does, a line each."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join(["usage: python -m lab COMMAND [--help]", "", *lines])


if __name__ == "__main__":
    sys.exit(main())
