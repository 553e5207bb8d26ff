# One image for every role; the role is the command. Not built by the tests: they run where there is no Docker.
FROM python:3.12-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /opt/daybook

# The locked packages first: they change less often than the code.
COPY requirements.txt ./
RUN python -m venv .venv \
 && .venv/bin/python -m pip install --no-deps --require-hashes --only-binary=:all: -r requirements.txt

COPY . .
# The same step as `make`, which finds the packages installed and only links the checkout.
RUN printf '/opt/daybook\n/opt/daybook/clients/python\n' > "$(.venv/bin/python -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/daybook-checkout.pth" \
 && printf '#!/bin/sh\nexec /opt/daybook/.venv/bin/python -c "import sys; from daybook.cli import main; sys.exit(main())" "$@"\n' > /usr/local/bin/daybook \
 && chmod 755 /usr/local/bin/daybook \
 && useradd --system --create-home --home-dir /var/lib/daybook daybook

USER daybook
WORKDIR /var/lib/daybook
ENV DAYBOOK_HOST=0.0.0.0 \
    DAYBOOK_DATA_DIR=/var/lib/daybook
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["daybook"]
CMD ["api"]
