/*
 * Loads TensorFlow's library with stderr closed.
 *
 * Its static initializers print two lines about oneDNN that no setting stops.
 * What fails to load here is loaded again, and heard, by the binding itself.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include "node_api.h"

NAPI_MODULE_INIT() {
  (void)env;
  int terminal = dup(2);
  int nowhere = open("/dev/null", O_WRONLY);
  if (terminal >= 0 && nowhere >= 0) {
    dup2(nowhere, 2);
    /* Found by the RUNPATH of this file; it stays loaded. */
    dlopen("libtensorflow_cc.so.2", RTLD_NOW | RTLD_LOCAL);
    dup2(terminal, 2);
  }
  if (nowhere >= 0) close(nowhere);
  if (terminal >= 0) close(terminal);
  return exports;
}
