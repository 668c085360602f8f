"""Small files of shapes that are found in the world, each built in code and named after what made it.

A report of a user about a file that is read wrongly goes here, with the rows that must come out.
"""
