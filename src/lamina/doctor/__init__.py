"""Why a Dockerfile downloads again: it is read, each RUN is modelled, and rules find faults.

All of it is pure: text goes in, findings come out, and each knows its place in the text.
"""
