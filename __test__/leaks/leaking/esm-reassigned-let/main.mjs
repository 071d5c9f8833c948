/**
 * The list is copied for every entry, as state stores do: no container survives, only the binding.
 *
 * @leak name=history class=Array kind=array file=state.mjs
 */
import { snapshot } from '../../harness.js';
import { dispatch, history } from './state.mjs';

for (let i = 0; i < 50; i++) dispatch({ type: 'add', id: i });
await snapshot('baseline');
for (let i = 0; i < 2_000; i++) dispatch({ type: 'add', id: i, payload: { note: `note ${i}` } });
if (history.length < 2_000) throw new Error('not leaking');
await snapshot('current');
