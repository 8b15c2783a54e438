"""Why a Dockerfile downloads again: rules find faults in it, and what a build's log shows of them.

All of it is pure: text goes in, findings come out, and each knows its place in the text.
"""
