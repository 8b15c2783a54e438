"""Edits of the parts of a Dockerfile, for the rules that know what is to be written there.

Each returns no edit where the text is not what it seems: in quotes, over several lines, or made
of variables. Then the finding stays, with its advice.
"""
