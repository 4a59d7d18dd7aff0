import os
import warnings

import cv2
import numpy as np
import pytest
import torch
import torch.multiprocessing as mp

from mmlight.utils.dl_utils import collect_env, set_multi_processing


@pytest.fixture(autouse=True)
def put_back_the_settings(monkeypatch):
    method, threads = mp.get_start_method(allow_none=True), cv2.getNumThreads()
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        # First set, so that what the test's code adds goes away in the end.
        monkeypatch.setenv(variable, "7")
    yield
    mp.set_start_method(method, force=True)
    cv2.setNumThreads(threads)


def test_collect_env():
    np.random.seed(5)
    env = collect_env()
    assert env["PyTorch"] == torch.__version__
    assert env["CUDA available"] is torch.cuda.is_available()
    assert env["numpy_random_seed"] == 5
    assert env["OpenCV"] == cv2.__version__
    assert "PyTorch built with" in env["PyTorch compiling details"]
    assert env["Python"].startswith("3.") and env["sys.platform"] and env["GCC"]
    assert env["MMEngine"].startswith("mmlight ")


def test_collect_env_without_a_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert collect_env()["GCC"] == "n/a"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_collect_env_lists_the_gpus():
    env = collect_env()
    assert torch.cuda.get_device_name(0) in env.values()
    assert "CUDA_HOME" in env


def test_set_multi_processing():
    mp.set_start_method(None, force=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        set_multi_processing("spawn", opencv_num_threads=2)
        set_multi_processing("spawn", opencv_num_threads=2)
    assert mp.get_start_method() == "spawn"
    assert cv2.getNumThreads() == 2
    assert os.environ["OMP_NUM_THREADS"] == "7"
    with pytest.warns(UserWarning, match="changes from 'spawn' to 'fork'"):
        set_multi_processing("fork")
    assert mp.get_start_method() == "fork"


def test_several_processes_get_one_thread_each_unless_the_environment_says_otherwise(monkeypatch):
    mp.set_start_method(None, force=True)
    monkeypatch.delenv("MKL_NUM_THREADS")
    set_multi_processing("fork", distributed=True)
    assert os.environ["MKL_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"
