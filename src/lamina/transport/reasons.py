"""Why a server was not reached, in words."""

from __future__ import annotations

import http.client
import ssl

import urllib3


def reason_of(error: BaseException) -> str:
    """Return the innermost cause, without the URL that urllib3 puts around it."""
    match error:
        case urllib3.exceptions.MaxRetryError(reason=Exception() as reason):
            return reason_of(reason)
        case urllib3.exceptions.ProxyError(original_error=cause):
            return f"the proxy fails ({reason_of(cause)})"
        case urllib3.exceptions.NewConnectionError(__cause__=BaseException() as cause):
            return reason_of(cause)
        case urllib3.exceptions.SSLError(args=(Exception() as cause, *_)):
            return reason_of(cause)
        case urllib3.exceptions.ProtocolError(args=(_, Exception() as cause, *_)):
            return reason_of(cause)
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({error.verify_message})"
        case urllib3.exceptions.TimeoutError() | TimeoutError():
            return "no answer in time"
        case urllib3.exceptions.IncompleteRead():
            return f"{error.partial} bytes came, {error.expected} more were due"
        case urllib3.exceptions.ResponseError():
            return str(error)
        case urllib3.exceptions.ProxySchemeUnknown():
            return "proxies of such a scheme are not supported"
        case urllib3.exceptions.URLSchemeUnknown(scheme=scheme):
            return f"the scheme `{scheme}` is not supported"
        case ssl.SSLError(reason=str() as reason):
            return reason.replace("_", " ").lower()
        case http.client.RemoteDisconnected():
            return "it hung up without an answer"
        case http.client.HTTPException():
            return "what it answers is not HTTP"
        case OSError(strerror=str() as text) | OSError(args=(str() as text,)):
            return text
        case ValueError():
            return "not a URL"
        case _:
            return type(error).__name__


def hint_for(error: BaseException) -> str:
    """Return the way out."""
    if reason_of(error).startswith("its certificate is not trusted"):
        return "To trust who has signed it, name a bundle of certificates in `LAMINA_CA_BUNDLE`"
    return "Check the network, and the proxy settings if there are any"


def may_pass(error: BaseException) -> bool:
    """Say whether another try may do better: a certificate, or a URL, stays as it is."""
    if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        return may_pass(error.reason)
    return not isinstance(error, urllib3.exceptions.SSLError | ValueError)
