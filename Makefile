# Everything runs in .venv, which these targets make; nothing needs to be installed before.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
PARITY := .parity
OLDEST := .venv-oldest
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: demo test test-quick test-oldest ci-packages notebooks lint docs bench clean

demo: $(VENV)/demo.stamp ## train a DCGAN on handwritten digits; results in work_dirs/dcgan_digits-32x32
	$(BIN)/mmlight train configs/dcgan/dcgan_digits-32x32.py

test: $(VENV)/test.stamp $(PARITY)/stamp $(PARITY)/mmagic.stamp ## run every test and documented example
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 --dist loadfile -q -rs --durations=10

test-quick: $(VENV)/test.stamp ## run the tests that are not marked slow (see conftest.py)
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 --dist loadfile -q -m "not slow"

test-oldest: $(OLDEST)/stamp ## run some tests with the oldest releases that are promised
	$(ONE_THREAD) $(OLDEST)/bin/python -m pytest -n 2 --dist loadfile -q tests/test_docs.py tests/test_versions.py \
		tests/bridge/test_private_names.py tests/bridge/test_own_trainer.py tests/fileio/test_safe_types.py

ci-packages: $(VENV)/test.stamp ## let the tests of experiment trackers and of ONNX run too
	$(PIP) --editable '.[ci]'

notebooks: $(VENV)/test.stamp ## execute the notebooks again, at full length, and store their outputs
	$(ONE_THREAD) $(BIN)/jupyter execute --inplace notebooks/*.ipynb

lint: $(VENV)/test.stamp ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/docs.stamp ## build the documentation site in build/site; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

bench: $(VENV)/test.stamp $(PARITY)/stamp ## measure against the targets, beside MMEngine
	$(ONE_THREAD) $(BIN)/python -m benchmarks

clean: ## remove what these targets made
	rm -rf $(VENV) $(OLDEST) $(PARITY) work_dirs build

# torch comes first: resolved alone it is the pinned version, whatever index pip uses.
$(VENV)/torch.stamp: constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "mmlight needs Python 3.10 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch
	touch $@

$(VENV)/demo.stamp: $(VENV)/torch.stamp pyproject.toml
	$(PIP) --editable '.[demo]'
	touch $@

$(VENV)/test.stamp: $(VENV)/torch.stamp pyproject.toml
	$(PIP) --editable '.[test,lint]'
	touch $@

$(VENV)/docs.stamp: $(VENV)/torch.stamp pyproject.toml
	$(PIP) --editable '.[docs]'
	touch $@

# The tests' files are compiled when they are read: torch has ten thousand that no test reads.
$(OLDEST)/stamp: constraints-oldest.txt pyproject.toml
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/pip install --quiet --disable-pip-version-check --no-compile \
		--requirement constraints-oldest.txt --editable .
	touch $@

# The engines that the parity tests compare with stay out of .venv: there, `import mmengine` must fail.
$(PARITY)/stamp: $(VENV)/test.stamp
	$(PIP) --no-deps --upgrade --target $(PARITY)/mmengine mmengine
	$(PIP) --no-deps --upgrade --target $(PARITY)/onedl onedl-mmengine
	touch $@

# An unmodified package, for both engines; torchvision is of the release that fits torch.
$(PARITY)/mmagic.stamp: $(VENV)/test.stamp
	$(PIP) --no-deps --upgrade --target $(PARITY)/mmagic mmagic==1.2.0 mmcv-lite==2.1.0 torchvision==0.28.0
	touch $@
