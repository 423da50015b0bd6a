// The one function of the runtime that is used, in terms of the older one.
export const jsx = (type, props, key) => window.React.createElement(type, key === undefined ? props : { ...props, key });
