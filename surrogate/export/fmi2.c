/*
 * FMI 2.0 for co-simulation around predict: @D@ real inputs (value references from 0), then @K@ real outputs.
 * Outputs follow the inputs at once; a step does nothing but pass.
 */
#include <stdlib.h>
#include <string.h>

void predict(const double *x, double *y);

#if defined(_WIN32)
#define API __declspec(dllexport)
#else
#define API
#endif

typedef void *Component;
typedef unsigned int Reference;
typedef enum { OK, Warning, Discard, Error, Fatal, Pending } Status;

typedef struct {
    double x[@D@];
} Model;

static const double start[@D@] = {@START@};

API const char *fmi2GetTypesPlatform(void);
API const char *fmi2GetVersion(void);
API Component fmi2Instantiate(const char *name, int kind, const char *guid, const char *resources,
                              const void *functions, int visible, int logging);
API void fmi2FreeInstance(Component c);
API Status fmi2SetReal(Component c, const Reference *which, size_t n, const double *values);
API Status fmi2GetReal(Component c, const Reference *which, size_t n, double *values);
API Status fmi2Reset(Component c);
API Status fmi2DoStep(Component c, double time, double step, int keep);

const char *fmi2GetTypesPlatform(void) { return "default"; }
const char *fmi2GetVersion(void) { return "2.0"; }

Component fmi2Instantiate(const char *name, int kind, const char *guid, const char *resources, const void *functions,
                          int visible, int logging) {
    Model *model;
    (void)name; (void)resources; (void)functions; (void)visible; (void)logging;
    if (kind != 1 || guid == NULL || strcmp(guid, "@GUID@") != 0) return NULL; /* 1 is co-simulation */
    model = (Model *)malloc(sizeof(Model));
    if (model != NULL) memcpy(model->x, start, sizeof start);
    return model;
}

void fmi2FreeInstance(Component c) { free(c); }

Status fmi2SetReal(Component c, const Reference *which, size_t n, const double *values) {
    size_t i;
    for (i = 0; i < n; i++) {
        if (which[i] >= @D@) return Error;
        ((Model *)c)->x[which[i]] = values[i];
    }
    return OK;
}

Status fmi2GetReal(Component c, const Reference *which, size_t n, double *values) {
    double y[@K@];
    size_t i;
    predict(((Model *)c)->x, y);
    for (i = 0; i < n; i++) {
        if (which[i] >= @D@ + @K@) return Error;
        values[i] = which[i] < @D@ ? ((Model *)c)->x[which[i]] : y[which[i] - @D@];
    }
    return OK;
}

Status fmi2Reset(Component c) {
    memcpy(((Model *)c)->x, start, sizeof start);
    return OK;
}

Status fmi2DoStep(Component c, double time, double step, int keep) {
    (void)c; (void)time; (void)step; (void)keep;
    return OK;
}

/* What needs no work here. */
#define PASS(name, arguments, unused) \
    API Status name arguments; \
    Status name arguments { unused; return OK; }
#define REFUSE(name, arguments, unused) \
    API Status name arguments; \
    Status name arguments { unused; return Error; }

PASS(fmi2SetDebugLogging, (Component c, int on, size_t n, const char *const *which), (void)c; (void)on; (void)n; (void)which)
PASS(fmi2SetupExperiment, (Component c, int given, double tolerance, double first, int ends, double last),
     (void)c; (void)given; (void)tolerance; (void)first; (void)ends; (void)last)
PASS(fmi2EnterInitializationMode, (Component c), (void)c)
PASS(fmi2ExitInitializationMode, (Component c), (void)c)
PASS(fmi2Terminate, (Component c), (void)c)
PASS(fmi2CancelStep, (Component c), (void)c)

#define NONE(name, type) \
    API Status name(Component c, const Reference *which, size_t n, type values); \
    Status name(Component c, const Reference *which, size_t n, type values) { \
        (void)c; (void)which; (void)values; \
        return n == 0 ? OK : Error; \
    }
NONE(fmi2GetInteger, int *)
NONE(fmi2GetBoolean, int *)
NONE(fmi2GetString, const char **)
NONE(fmi2SetInteger, const int *)
NONE(fmi2SetBoolean, const int *)
NONE(fmi2SetString, const char *const *)

REFUSE(fmi2GetFMUstate, (Component c, void **state), (void)c; (void)state)
REFUSE(fmi2SetFMUstate, (Component c, void *state), (void)c; (void)state)
REFUSE(fmi2FreeFMUstate, (Component c, void **state), (void)c; (void)state)
REFUSE(fmi2SerializedFMUstateSize, (Component c, void *state, size_t *size), (void)c; (void)state; (void)size)
REFUSE(fmi2SerializeFMUstate, (Component c, void *state, char *bytes, size_t size),
       (void)c; (void)state; (void)bytes; (void)size)
REFUSE(fmi2DeSerializeFMUstate, (Component c, const char *bytes, size_t size, void **state),
       (void)c; (void)bytes; (void)size; (void)state)
REFUSE(fmi2GetDirectionalDerivative,
       (Component c, const Reference *of, size_t n, const Reference *by, size_t m, const double *seed, double *result),
       (void)c; (void)of; (void)n; (void)by; (void)m; (void)seed; (void)result)
REFUSE(fmi2SetRealInputDerivatives,
       (Component c, const Reference *which, size_t n, const int *order, const double *values),
       (void)c; (void)which; (void)n; (void)order; (void)values)
REFUSE(fmi2GetRealOutputDerivatives,
       (Component c, const Reference *which, size_t n, const int *order, double *values),
       (void)c; (void)which; (void)n; (void)order; (void)values)
REFUSE(fmi2GetStatus, (Component c, int kind, Status *value), (void)c; (void)kind; (void)value)
REFUSE(fmi2GetRealStatus, (Component c, int kind, double *value), (void)c; (void)kind; (void)value)
REFUSE(fmi2GetIntegerStatus, (Component c, int kind, int *value), (void)c; (void)kind; (void)value)
REFUSE(fmi2GetBooleanStatus, (Component c, int kind, int *value), (void)c; (void)kind; (void)value)
REFUSE(fmi2GetStringStatus, (Component c, int kind, const char **value), (void)c; (void)kind; (void)value)
