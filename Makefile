# `make run` and `make test` set up what is missing; the rest of the words are in README.md.
# ARGS are handed on: make run ARGS=slack, make test ARGS="-k store".
ARGS =
BIN = .venv/bin
SUITE = $(BIN)/pytest

.PHONY: run test check docs chaos bench

run:
	@scripts/setup.sh local
	@exec $(BIN)/drun-chat run $(ARGS)

test:
	@scripts/setup.sh local dev
	@exec $(SUITE) $(ARGS)

# What CI runs. The suite runs against the installed wheel, not a second time from source.
check:
	@scripts/setup.sh local dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test SUITE=scripts/test_wheel.sh

# docs/commands.md, from the commands' own definitions.
docs:
	@scripts/setup.sh local dev
	@exec $(BIN)/python -m bots.commands_page

# A thousand kills under load, some fifteen minutes: make chaos ARGS="--seed 7 --write" (docs/reliability.md).
chaos:
	@scripts/setup.sh local dev
	@exec $(BIN)/python -m tests.chaos $(ARGS)

# What our d.run client costs beside others, and a turn in Redis: make bench ARGS=--write (docs/performance.md).
bench:
	@scripts/setup.sh local dev bench
	@$(BIN)/python -m bench.client $(ARGS)
	@exec $(BIN)/python -m bench.turns $(ARGS)
