"""A model as an FMU for co-simulation, FMI 2.0 or 3.0: the C99 export with the interface around it, compiled here."""

from __future__ import annotations

import hashlib
import io
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import numpy as np

from surrogate.export import c99
from surrogate.export.check_rows import random_rows
from surrogate.export.export import Answers, ExportError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.export.portable import Portable

_ID = "surrogate_model"
_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "windows"}
_ENDINGS = {"linux": ".so", "darwin": ".dylib", "windows": ".dll"}
_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
_EPOCH = (1980, 1, 1, 0, 0, 0)


class CoSimulation:
    """An FMU of one version of the standard.

    Parameters
    ----------
    fmi : {2, 3}
    """

    def __init__(self, fmi: int) -> None:
        self.fmi = fmi

    def write(self, portable: Portable, statement: str) -> bytes:
        """Return the FMU: description, sources, and the library for the machine that writes it.

        Raises
        ------
        ExportError
            If there is no C compiler, or the standard has no name for the platform.
        """
        model = c99.write(portable, statement)
        source = f"fmi{self.fmi}.c"
        interface = files("surrogate.export").joinpath(source).read_text().replace("@D@", str(len(portable.names)))
        start = random_rows(portable)[0]
        interface = interface.replace("@K@", str(len(portable.outputs)))
        interface = interface.replace("@START@", ", ".join(map(c99.hexadecimal, start.tolist())))
        token = "{" + hashlib.sha256(model + interface.encode()).hexdigest()[:32] + "}"
        interface = interface.replace("@GUID@", token)
        describe = _describe_2 if self.fmi == 2 else _describe_3
        folder, ending = _place(self.fmi)
        members = {
            "modelDescription.xml": describe(portable, token, start.tolist()).encode(),
            f"binaries/{folder}/{_ID}{ending}": _library(model, source, interface.encode()),
            "sources/model.c": model,
            f"sources/{source}": interface.encode(),
            "documentation/checked.txt": statement.encode(),
        }
        if self.fmi == 3:
            members["sources/buildDescription.xml"] = _BUILD.encode()
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()

    def run(self, written: bytes, portable: Portable, rows: NDArray[np.float64], folder: Path) -> Answers | None:
        """Set the inputs, make a step and read the outputs with FMPy, where it is installed."""
        try:
            import fmpy
        except ImportError:
            return None
        path = folder / "model.fmu"
        path.write_bytes(written)
        token = fmpy.read_model_description(str(path)).guid
        unpacked = fmpy.extract(str(path), str(folder / "unpacked"))
        named = {"guid": token, "unzipDirectory": unpacked, "modelIdentifier": _ID, "instanceName": "checked"}
        answers = (_run_2 if self.fmi == 2 else _run_3)(named, rows, len(portable.outputs))
        return Answers(answers, f"FMPy {fmpy.__version__}, FMI {self.fmi}.0 co-simulation on {platform.machine()}")


def _run_2(named: dict[str, str], rows: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    from fmpy.fmi2 import FMU2Slave

    slave = FMU2Slave(**named)
    slave.instantiate()
    slave.setupExperiment(startTime=0.0)
    slave.enterInitializationMode()
    slave.exitInitializationMode()
    d = rows.shape[1]
    answers = []
    for i, row in enumerate(rows.tolist()):
        slave.setReal(list(range(d)), row)
        slave.doStep(currentCommunicationPoint=float(i), communicationStepSize=1.0)
        answers.append(slave.getReal(list(range(d, d + k))))
    slave.terminate()
    slave.freeInstance()
    return np.array(answers)


def _run_3(named: dict[str, str], rows: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    from fmpy.fmi3 import FMU3Slave

    slave = FMU3Slave(**named)
    slave.instantiate()
    slave.enterInitializationMode(startTime=0.0)
    slave.exitInitializationMode()
    d = rows.shape[1]
    answers = []
    for i, row in enumerate(rows.tolist()):
        slave.setFloat64(list(range(d)), row)
        slave.doStep(currentCommunicationPoint=float(i), communicationStepSize=1.0)
        answers.append(slave.getFloat64(list(range(d, d + k))))
    slave.terminate()
    slave.freeInstance()
    return np.array(answers)


def _place(fmi: int) -> tuple[str, str]:
    """Return the folder and ending of libraries on this platform."""
    system, machine = _SYSTEMS.get(sys.platform), _MACHINES.get(platform.machine().lower())
    if system is None or machine is None or (fmi == 2 and machine != "x86_64"):
        raise ExportError(
            f"FMI {fmi}.0 has no name for binaries of {sys.platform} on {platform.machine()}. Write the FMU on Linux, "
            f"macOS or Windows on 64-bit {'x86, with fmi=3' if fmi == 2 else 'x86 or ARM'}, or export '.c'."
        )
    folder = f"{machine}-{system}" if fmi == 3 else {"windows": "win"}.get(system, system) + "64"
    return folder, _ENDINGS[system]


def _library(model: bytes, source: str, interface: bytes) -> bytes:
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        raise ExportError("an FMU holds a compiled library, and no C compiler (cc, gcc, clang) was found. Install one.")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.c").write_bytes(model)
        Path(folder, source).write_bytes(interface)
        command = [compiler, *c99.FLAGS, "-fPIC", "-shared", "model.c", source, "-o", "library", "-lm"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise ExportError(f"the C compiler refused the export:\n{done.stderr[:2000]}")
        return Path(folder, "library").read_bytes()


def _describe_2(portable: Portable, token: str, start: list[float]) -> str:
    inputs, outputs, _ = _variable_names(portable)
    d = len(inputs)
    lines = [
        f'    <ScalarVariable name={name} valueReference="{i}" causality="input" variability="continuous" '
        f'description={_attribute(_meaning(portable, i))}>\n      <Real start="{start[i]!r}"/>\n    </ScalarVariable>'
        for i, name in enumerate(inputs)
    ]
    lines += [
        f'    <ScalarVariable name={name} valueReference="{d + i}" causality="output" variability="continuous">\n'
        "      <Real/>\n    </ScalarVariable>"
        for i, name in enumerate(outputs)
    ]
    unknowns = "".join(f'\n      <Unknown index="{d + i + 1}"/>' for i in range(len(outputs)))
    variables = "\n".join(lines)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<fmiModelDescription fmiVersion="2.0" modelName="surrogate" guid="{token}" generationTool="surrogate-discovery"
    variableNamingConvention="flat" numberOfEventIndicators="0">
  <CoSimulation modelIdentifier="{_ID}" canHandleVariableCommunicationStepSize="true">
    <SourceFiles>
      <File name="model.c"/>
      <File name="fmi2.c"/>
    </SourceFiles>
  </CoSimulation>
  <ModelVariables>
{variables}
  </ModelVariables>
  <ModelStructure>
    <Outputs>{unknowns}
    </Outputs>
    <InitialUnknowns>{unknowns}
    </InitialUnknowns>
  </ModelStructure>
</fmiModelDescription>
"""


def _describe_3(portable: Portable, token: str, start: list[float]) -> str:
    inputs, outputs, time = _variable_names(portable)
    d, k = len(inputs), len(outputs)
    lines = [
        f'    <Float64 name={name} valueReference="{i}" causality="input" variability="continuous" '
        f'description={_attribute(_meaning(portable, i))} start="{start[i]!r}"/>'
        for i, name in enumerate(inputs)
    ]
    lines += [
        f'    <Float64 name={name} valueReference="{d + i}" causality="output" variability="continuous"/>'
        for i, name in enumerate(outputs)
    ]
    lines.append(
        f'    <Float64 name={time} valueReference="{d + k}" causality="independent" variability="continuous"/>'
    )
    known = [f'    <{kind} valueReference="{d + i}"/>' for kind in ("Output", "InitialUnknown") for i in range(k)]
    variables, structure = "\n".join(lines), "\n".join(known)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<fmiModelDescription fmiVersion="3.0" modelName="surrogate" instantiationToken="{token}"
    generationTool="surrogate-discovery" variableNamingConvention="flat">
  <CoSimulation modelIdentifier="{_ID}" canHandleVariableCommunicationStepSize="true"/>
  <ModelVariables>
{variables}
  </ModelVariables>
  <ModelStructure>
{structure}
  </ModelStructure>
</fmiModelDescription>
"""


_BUILD = f"""<?xml version="1.0" encoding="UTF-8"?>
<fmiBuildDescription fmiVersion="3.0">
  <BuildConfiguration modelIdentifier="{_ID}">
    <SourceFileSet language="C99">
      <SourceFile name="model.c"/>
      <SourceFile name="fmi3.c"/>
    </SourceFileSet>
  </BuildConfiguration>
</fmiBuildDescription>
"""


def _variable_names(portable: Portable) -> tuple[list[str], list[str], str]:
    """Names of inputs, outputs and time as XML attributes, which an FMU wants to be different from each other."""
    taken: set[str] = set()
    names: list[str] = []
    for name in (*portable.names, *portable.outputs, "time"):
        shown, ending = _attribute(name), "_out" if len(names) >= len(portable.names) else "_"
        while shown in taken:
            name += ending
            shown = _attribute(name)
        taken.add(shown)
        names.append(shown)
    d = len(portable.names)
    return names[:d], names[d:-1], names[-1]


def _meaning(portable: Portable, i: int) -> str:
    values, unit = portable.categories[i], portable.parameters[i].unit
    if values is not None:
        return "position in the list " + ", ".join(map(repr, values)) + ", from 0"
    return unit or ""


def _attribute(text: str) -> str:
    """Quote text for XML, without characters that XML cannot hold."""
    return quoteattr(re.sub(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", text))
