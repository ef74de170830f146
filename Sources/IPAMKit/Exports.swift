// IPAMKit's public declarations use the types of these modules, so a file that imports IPAMKit gets them, too.
@_exported import Addresses
@_exported import StrictJSON
