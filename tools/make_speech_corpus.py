"""Makes speech of many voices and languages with exact phone times, for training.

The network learns motion from one filmed speaker; this speech, whose motion nobody filmed, lets it
meet other voices (see `training/phones.py` in the backend). It needs what `make_demo_clip.py` needs,
and the program `espeak-ng` for phones:

    python -m tools.make_speech_corpus --voices VOICES --out DIR

Every voice says a few sentences, each in a file `VOICE_NN.flac` with its phones beside it in
`VOICE_NN.json`. A file that is there already is not made again.
"""

# ruff: noqa: RUF001  (phonetic letters are what this file is about)

from __future__ import annotations

import argparse
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import soundfile

from tools.make_demo_clip import RATE, Clip, Sentence, Voice, say_clip, voice_data

PER_VOICE = 3
SPEEDS = (0.85, 1.3)

SENTENCES: tuple[tuple[str, str], ...] = (
    ("en-us", "Bob bought a bag of apples and a bottle of plum juice before the market opened."),
    ("en-us", "My mother remembers the summer when we swam in the warm bay every morning."),
    ("en-us", "Please put the purple paper cup on the top of the big brown box."),
    ("en-us", "Five very fine leaves fell off the vine above the veranda."),
    ("en-us", "Who knew you could move through the room so smoothly in those blue shoes?"),
    ("en-us", "The farmer's father parked far from the barn and started the car."),
    ("en-us", "We sleep deeply, eat cheap green peas, and dream of the sea."),
    ("en-us", "Maybe nobody mentioned the problem because it seemed impossible to solve."),
    ("en-us", "Stop. Breathe in. Now push up, and jump as high as you possibly can."),
    ("en-us", "Thirty thieves thought that they thrilled the throne throughout Thursday."),
    ("en-us", "A pale pink moth flew past the lamp and bumped against the window pane."),
    ("en-us", "Abby, come back home by boat, and bring me a map of the marble map museum."),
    ("en-us", "What a wonderful week! Will you walk with William when the weather is warm?"),
    ("en-us", "The old boat rolled over slowly, and the cold ocean closed over its bow."),
    ("en-us", "Choose a cheese, a cherry or a large orange from the shop by the church."),
    ("en-gb", "Perhaps the bishop's pupils would prefer a proper pot of peppermint tea."),
    ("en-gb", "Emma and Ben met a member of the band at the back of the pub."),
    ("en-gb", "I am almost sure that the lamb jumped over the pump and into the pond."),
    ("en-gb", "Voices from above have always given Vivian the feeling of a festival."),
    ("en-gb", "Look at the good cook who took the wood and shook the bushes."),
    ("en-gb", "Mum made some jam from plums, bananas and the best blackberries in Britain."),
    ("de", "Mein Bruder möchte heute Abend mit dem Boot über den Bodensee fahren."),
    ("de", "Bitte bring mir ein Pfund Butter, sechs Pflaumen und einen Becher Milch mit."),
    ("de", "Fünf Vögel flogen früh am Morgen über die Felder am Fluss."),
    ("es", "Mi amigo Pablo compró pan, vino blanco y un bote de mermelada para mamá."),
    ("es", "El perro de Bárbara ama el verano y bebe mucha agua por la mañana."),
    ("es", "Vamos a ver una película muy buena, y después bailamos un poco."),
    ("fr", "Ma petite maman prépare un bon plat de pommes pour le dimanche midi."),
    ("fr", "Vous voulez boire un verre de vin blanc avec un peu de fromage ?"),
    ("fr", "Le beau bébé a une poupée et un ballon bleu dans son bain."),
    ("it", "La mamma porta a Beppe una bella pizza e un piatto di pomodori."),
    ("it", "Vorrei vivere vicino al mare, ma il mio babbo ama la montagna."),
    ("pt", "O menino bebe um copo de água e come pão com manteiga."),
    ("nl", "Mijn moeder bakt op maandag bruin brood met boter en pruimenjam."),
    ("pl", "Mama kupiła papierowe pudełko i piękną białą bluzkę."),
    ("tr", "Bu sabah babam bana bir bardak büyük meyve suyu verdi."),
)

LETTERS = {
    "oʊ": "O", "əʊ": "Q", "eɪ": "A", "aɪ": "I", "aʊ": "W", "ɔɪ": "Y", "tʃ": "ʧ", "dʒ": "ʤ",
    "ɚ": "əɹ", "ɝ": "ɜɹ", "ɫ": "l", "r": "ɹ",
}  # fmt: skip
"""How Kokoro writes what espeak-ng writes."""


def phones(text: str, language: str, vocabulary: dict[str, int]) -> str:
    """Asks espeak-ng for a sentence's phones, pauses kept, in the letters that Kokoro knows."""
    parts = [part for part in re.split(r"(?<=[,.!?])\s*", text) if part]
    found = []
    for part in parts:
        command = ["espeak-ng", "-q", "--ipa", "-v", language, part]
        ipa = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        ipa = re.sub(r"\([a-z]+\)", "", " ".join(ipa.split())).replace("_", "")
        for theirs, ours in LETTERS.items():
            ipa = ipa.replace(theirs, ours)
        mark = part[-1] if part[-1] in ",.!?" else ""
        found.append("".join(letter for letter in ipa if letter in vocabulary) + mark)
    return " ".join(found)


def main() -> None:
    """Reads the arguments and makes what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--voices", type=Path, required=True, help="folder of Kokoro's voices, *.bin")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    vocabulary = json.loads((voice_data() / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    styles = sorted(arguments.voices.glob("*.bin"))
    voice = Voice(styles[0], vocabulary)
    for number, style in enumerate(styles):
        voice.style = np.fromfile(style, dtype="<f4").reshape(510, 256)
        for turn in range(PER_VOICE):
            name = f"{style.stem}_{turn:02d}"
            if (arguments.out / f"{name}.json").exists():
                continue
            language, text = SENTENCES[(number * PER_VOICE + turn) % len(SENTENCES)]
            speed = float(np.random.default_rng([number, turn]).uniform(*SPEEDS))
            clip = Clip(name, style.stem, (Sentence(text, phones(text, language, vocabulary)),), speed=speed)
            sound, spoken = say_clip(clip, voice)
            soundfile.write(arguments.out / f"{name}.flac", sound, RATE)
            facts = {"text": text, "language": language, "voice": style.stem, "phones": spoken}
            described = json.dumps(facts, ensure_ascii=False, indent=1)
            (arguments.out / f"{name}.json").write_text(described, encoding="utf-8")
            print(f"{name}: {sound.size / RATE:.1f} s", flush=True)


if __name__ == "__main__":
    main()
