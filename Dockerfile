# syntax=docker/dockerfile:1
# The bot without the demo model: an image is for teams, and they bring a d.run key.

FROM python:3.12-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /app
# The locked packages first: they change seldom, the source often.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-default-groups --no-install-project
COPY README.md LICENSE ./
COPY bots ./bots
COPY core ./core
COPY adapters ./adapters
RUN uv sync --frozen --no-default-groups --no-editable

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --create-home drun && install -d -o drun -g drun /data
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data WEB_HOST=0.0.0.0
USER 10001
# Not the source folder: what runs is what was installed.
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ.get(\"WEB_PORT\", \"8080\")}/healthz', timeout=2)"]
ENTRYPOINT ["drun-chat"]
CMD ["run"]
