/// Everything that says OpenCL: a binding-neutral port, two bindings, kernels and their launchers.
module farpage.opencl {
    requires static transitive org.jspecify;
    requires jocl;
    requires org.lwjgl;
    requires org.lwjgl.opencl;

    exports farpage.opencl;
    exports farpage.opencl.inject;
    exports farpage.opencl.kernel;
    exports farpage.opencl.kernel.layout;
}
