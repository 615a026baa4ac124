"""What MMTalker is compared with: decoders of the field and plain rules, rebuilt small on the same features.

None of them is the published system: encoder, corpus, topology and schedule are ours, so that what differs
is the decoder. Each file says what it keeps of its paper and what it leaves out.
"""
