/* Debian's XFOIL is built to stop at every division by zero, of which its viscous solver makes harmless ones.
   This takes the place of the function that sets the trap. */
void _gfortran_set_fpe(int traps) { (void)traps; }
