"""The wall: a submission's code runs in a process of its own, and nothing but plain values comes out of it.

process.py   starts that process: the seam for stronger walls
child.py     what runs inside: cells, and the verbs of a Candidate
wire.py      the frames between the two sides
remote.py    the Candidate that the judge talks to, on the trusted side
"""
