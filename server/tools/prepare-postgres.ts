// Makes the library links inside the embedded PostgreSQL package that its install script would make; npm may skip scripts.
import { prepareBinaries } from '../src/storage/index.ts'

prepareBinaries()
