/// Devices whose pages live in OpenCL buffers, and the drivers that migrate to them.
module farpage.emulator {
    requires static org.jspecify;
    requires HdrHistogram;
    requires transitive farpage.mm;
    requires transitive farpage.opencl;

    exports farpage.emulator;
    exports farpage.emulator.bench;
    exports farpage.emulator.calibration;
    exports farpage.emulator.churn;
    exports farpage.emulator.copy;
    exports farpage.emulator.devmem;
    exports farpage.emulator.dmirror;
    exports farpage.emulator.experiment;
    exports farpage.emulator.experiment.batchoffload;
    exports farpage.emulator.experiment.coherent;
    exports farpage.emulator.experiment.deviceoffset;
    exports farpage.emulator.experiment.filebacked;
    exports farpage.emulator.experiment.largefolios;
    exports farpage.emulator.experiment.peer;
    exports farpage.emulator.inspect;
    exports farpage.emulator.mirror;
    exports farpage.emulator.peer;
    exports farpage.emulator.svm;
    exports farpage.emulator.trace;
    exports farpage.emulator.stress;
    exports farpage.emulator.workload;
    exports farpage.emulator.replay;
    exports farpage.emulator.selftest;
}
