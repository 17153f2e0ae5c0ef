"""The implementation guides as tables, and a walk through them that knows what is sound.

pyx12's maps say what a guide wants, and its walker what is wrong, but slowly. The tables are made of its maps
(tools/build_guides.py). The walk here says only whether a piece of a file is beyond reproach; whatever it is not
sure of goes to pyx12, so that every fault is told by pyx12 and the same with the tables as without them.
"""
