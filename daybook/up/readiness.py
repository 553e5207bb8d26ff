"""Asks the API whether it is ready, as a load balancer would."""

import http.client

TIMEOUT_SECONDS = 3.0


def is_ready(host: str, port: int) -> bool:
    """Whether `/health/ready` answers 200."""
    connection = http.client.HTTPConnection({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
