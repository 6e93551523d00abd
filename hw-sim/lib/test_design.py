"""Runs the golden vectors through an emitted design with cocotb 2 (pip install cocotb).

    python3 test_design.py              # simulates with Icarus Verilog
    SIM=verilator python3 test_design.py

Every output beat and its TLAST are compared, with random gaps and stalls.
"""

import json
import os
import pathlib
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

BENCH = pathlib.Path(__file__).resolve().parent
CONFIG = json.loads((BENCH / "bench.json").read_text())


async def source(dut, lines, chance):
    for line in lines:
        last, stream, data = line.split()
        while chance.random() < 0.5:
            await RisingEdge(dut.aclk)
        dut.s_axis_tvalid.value = 1
        dut.s_axis_tlast.value = int(last)
        dut.s_axis_tdata.value = int(data, 16)
        if hasattr(dut, "s_axis_tid"):
            dut.s_axis_tid.value = int(stream)
        while True:
            await RisingEdge(dut.aclk)
            if dut.s_axis_tready.value == 1:
                break
        dut.s_axis_tvalid.value = 0


async def sink(dut, lines, chance):
    for number, line in enumerate(lines):
        _, last, stream, data = line.split()
        while True:
            ready = chance.random() < 0.5
            dut.m_axis_tready.value = int(ready)
            await RisingEdge(dut.aclk)
            if ready and dut.m_axis_tvalid.value == 1:
                break
        got = int(dut.m_axis_tdata.value) & ((1 << 4 * len(data)) - 1)
        assert got == int(data, 16), f"beat {number}: expected {data}, got {got:x}"
        if hasattr(dut, "m_axis_tid"):
            assert int(dut.m_axis_tid.value) == int(stream), f"beat {number}: TID is not {stream}"
        assert int(dut.m_axis_tlast.value) == int(last), f"beat {number}: TLAST is not {last}"


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def golden_vectors(dut):
    chance = random.Random(1)
    inputs = (BENCH / "input.txt").read_text().splitlines()
    outputs = (BENCH / "expected.txt").read_text().splitlines()
    dut.aresetn.value = 0
    dut.s_axis_tvalid.value = 0
    dut.m_axis_tready.value = 0
    if hasattr(dut, "s_axil_awvalid"):
        # Nothing on the control port.
        for name in ("awvalid", "wvalid", "bready", "arvalid", "rready", "awaddr", "araddr",
                     "awprot", "arprot", "wdata", "wstrb"):
            getattr(dut, "s_axil_" + name).value = 0
    Clock(dut.aclk, 10, unit="ns").start()
    for _ in range(8):
        await RisingEdge(dut.aclk)
    dut.aresetn.value = 1
    cocotb.start_soon(source(dut, inputs, chance))
    await sink(dut, outputs, chance)
    dut._log.info("%d output beats are equal", len(outputs))


if __name__ == "__main__":
    from cocotb_tools.runner import get_runner

    runner = get_runner(os.environ.get("SIM", "icarus"))
    build = BENCH.parent
    runner.build(
        sources=[build / path for path in CONFIG["sources"]],
        includes=[build / "rtl"],
        hdl_toplevel=CONFIG["top"],
        build_dir=BENCH / "cocotb",
        timescale=("1ns", "1ps"),
    )
    # Memory images are opened by their bare names.
    runner.test(
        hdl_toplevel=CONFIG["top"],
        test_module="test_design",
        build_dir=BENCH / "cocotb",
        test_dir=build / "mem",
        extra_env={"PYTHONPATH": str(BENCH)},
    )
