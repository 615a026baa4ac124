"""The training corpus on disk: its layout and manifest, how it is built, how parts are left out of it."""
