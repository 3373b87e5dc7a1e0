"""The wall: a submission's code runs in a process of its own, and nothing but plain values comes out of it.

process.py       starts that process: the seam for stronger walls
child.py         what runs inside: cells, and the verbs of a Candidate
confinement.py   what it may see and use there
wire.py          the frames between the two sides
dialogue.py      a child with a deadline, on the trusted side
remote.py        the Candidate that the judge talks to
served.py        our implementations, for the tests that learners write
"""
